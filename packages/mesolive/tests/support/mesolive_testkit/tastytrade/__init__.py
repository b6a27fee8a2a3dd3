"""Small fakes of tastytrade's servers for tests of the client; the double in `mesolive.doubles` is another thing."""
