"""What people do to runs beyond starting them."""
