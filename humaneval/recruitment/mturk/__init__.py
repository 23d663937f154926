"""Amazon Mechanical Turk: https://docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI/."""
