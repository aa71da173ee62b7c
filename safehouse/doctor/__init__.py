"""What is wrong with this machine, this installation or a person's settings, and what mends it."""
