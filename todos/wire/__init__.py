"""What todos look like on the wire: models of what is taken, types of what is answered."""
