"""The services of doorstroom, and the chassis they stand on."""
