"""What something held is worth: its subject, the quotes, values and greeks, and the wire's models of them."""
