"""Safehouse: run an AI coding agent confined by the kernel."""

__version__ = "0.1.0"
