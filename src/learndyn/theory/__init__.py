"""What can be said of a mode before training: no curve, only its spectrum and its start."""
