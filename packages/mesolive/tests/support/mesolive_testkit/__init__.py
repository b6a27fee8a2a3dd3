"""What the server's tests share, one module or package per subject; importing this package loads none of them."""
