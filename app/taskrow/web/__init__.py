"""The Flask edge: the extension, stored requests and their replay, the monitors."""
