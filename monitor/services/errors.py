"""What a person can mend: the one exception that services raise on purpose and views show as it is."""


class Problem(Exception):
    """A sentence that says what happened, what was kept, and what to do."""
