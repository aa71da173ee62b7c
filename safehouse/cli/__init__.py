"""From argv to an exit status, and from values to text."""
