"""What becomes of options that expire."""
