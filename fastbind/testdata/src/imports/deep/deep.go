package deep

import "os"

const Zero = 0

func init() { os.ReadFile("x") }
