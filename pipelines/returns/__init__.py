"""What caseworkers send back."""
