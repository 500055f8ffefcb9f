"""Line drawings as SVG, without colours of their own: icons of 16 x 16, and pictures of 120 x 72 for empty states."""
# ruff: noqa: E501 - a path has no good place to break

from __future__ import annotations

ICONS = {
    "logo": '<circle cx="7" cy="7" r="5"/><path d="m11 11 4 4M5 7c0-1.2.7-1.9 1.6-2M8 7c0-1.2.7-1.9 1.6-2"/>',
    "overview": '<path d="M2 13.5h12M3.5 11l3-4 3 2.5 3.5-6"/>',
    "prompts": '<path d="M2.5 3.5h11v7h-6l-3 2.5v-2.5h-2z"/>',
    "brands": '<path d="M2.5 8.2V3h5.2l5.8 5.8-5.2 5.2z"/><circle cx="5.5" cy="6" r=".6"/>',
    "sources": '<path d="M6.5 9.5a3 3 0 0 0 4.2 0l2-2a3 3 0 0 0-4.2-4.2l-.8.8M9.5 6.5a3 3 0 0 0-4.2 0l-2 2a3 3 0 0 0 4.2 4.2l.8-.8"/>',
    "answers": '<path d="M3.5 2h6l3 3v9h-9zM5.5 8h5M5.5 11h5"/>',
    "panels": '<rect x="2.5" y="3.5" width="11" height="10" rx="1"/><path d="M2.5 6.5h11M5.5 2v3M10.5 2v3"/>',
    "engine": '<rect x="4" y="4" width="8" height="8" rx="1"/><path d="M6.5 1.5V4M9.5 1.5V4M6.5 12v2.5M9.5 12v2.5M1.5 6.5H4M1.5 9.5H4M12 6.5h2.5M12 9.5h2.5"/>',
    "reports": '<path d="M3.5 2h9v12h-9zM6 11V9M8 11V6M10 11V8"/>',
    "settings": '<path d="M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7"/><circle cx="10.5" cy="4.5" r="1.5"/><circle cx="5.5" cy="11.5" r="1.5"/>',
    "person": '<circle cx="8" cy="5.5" r="2.8"/><path d="M2.8 14c.5-3 2.5-4.3 5.2-4.3s4.7 1.3 5.2 4.3"/>',
    "theme": '<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5v11A5.5 5.5 0 0 0 8 2.5z" fill="currentColor"/>',
    "menu": '<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>',
    "chevron": '<path d="m5 6.5 3 3 3-3"/>',
    "plus": '<path d="M8 3v10M3 8h10"/>',
    "search": '<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3 3"/>',
    "download": '<path d="M8 2.5v7M5 7l3 3 3-3M3 13h10"/>',
    "close": '<path d="m4 4 8 8M12 4l-8 8"/>',
}

PICTURES = {
    "table": '<rect x="10" y="8" width="100" height="56" rx="4"/><path d="M10 24h100M10 38h100M10 52h100M46 8v56"/>',
    "chart": '<path d="M14 8v52h96"/><path d="M20 48 42 36l22 6 22-20 20 6"/><path d="M20 54 42 44l22 6 22-16 20 4" stroke-dasharray="3 4"/>',
    "answers": '<rect x="10" y="6" width="60" height="60" rx="4"/><path d="M20 20h40M20 30h34M20 40h40M20 50h22"/><path d="M80 16h30M80 30h30M80 44h22"/>',
    "prompts": '<path d="M12 8h72v36H46L32 56V44H12z"/><path d="M24 20h48M24 30h32"/><path d="M96 26h14v26h-8v8l-10-8H66"/>',
    "brands": '<path d="M20 36V10h26l34 34-26 24z"/><circle cx="34" cy="24" r="4"/><path d="M84 18h24M90 32h18"/>',
    "panels": '<rect x="14" y="10" width="92" height="54" rx="4"/><path d="M14 24h92M34 4v12M86 4v12"/><path d="M30 38h12M54 38h12M78 38h12M30 50h12M54 50h12"/>',
    "pages": '<path d="M26 6h34l12 12v48H26zM60 6v12h12"/><path d="M36 32h26M36 42h26M36 52h16"/><path d="M82 14h18v46H82" stroke-dasharray="3 4"/>',
    "reports": '<path d="M30 4h60v64H30z"/><path d="M42 56V42M54 56V26M66 56V36M78 56V20"/>',
}
