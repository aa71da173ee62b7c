"""SBPL, the language of macOS' sandbox policies: written by `render`, read by `reader`."""
