"""What is asked of a policy: may it, why, what would allow it, what is there to be seen."""
