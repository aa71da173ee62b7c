"""Launches that were planned before: kept, and started again while every answer is the same."""
