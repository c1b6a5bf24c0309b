"""The numbers we promise, printed with the machine they were taken on."""
