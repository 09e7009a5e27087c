"""Line buffers: windows of images that arrive row by row, and the pooling engine."""
