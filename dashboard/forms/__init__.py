"""What people type, read and shown again."""
