"""What streamkit costs, against the bare HTTP client and against other libraries."""
