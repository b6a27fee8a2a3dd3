"""What an order is: its life as a pure reducer, its rows, its story."""
