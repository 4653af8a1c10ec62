"""The commands on what is kept, such as `report`, `contact` and `store`."""
