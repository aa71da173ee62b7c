"""Where grants come from."""
