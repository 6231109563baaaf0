"""What is sent to those who watch."""
