"""What a launch was refused, and the least that would mend it."""
