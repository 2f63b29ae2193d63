"""Every path but DynamoDB's `/`: the controls under `/_emulator/` and Lambda's API."""
