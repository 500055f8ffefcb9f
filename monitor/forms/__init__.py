"""What people type, checked and kept: a form shows every error beside what was typed. Knows no queries of pages."""
