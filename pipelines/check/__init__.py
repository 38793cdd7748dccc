"""Check on demand."""
