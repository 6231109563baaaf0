"""What a run can tell once it is under way: where its time went, what it gained, itself as a file."""
