"""Numbers, states and output as people read them."""
