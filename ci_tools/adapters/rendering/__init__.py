"""What recipes make, whatever their dialect: read in processes of bounded time and memory."""
