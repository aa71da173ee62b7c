"""What a policy is. Pure: no subprocess, no socket, no yaml."""
