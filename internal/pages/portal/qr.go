package portal

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the blank edge that a QR code needs around it, in modules (ISO/IEC 18004).
const quiet = 4

// QR is a QR code as the path of a drawing, one unit a module.
type QR struct {
	Size int // of the drawing, the edge included
	Path string
}

// drawQR encodes a text, so that it is read with up to 15 % of it covered. Error: a text that is too long.
func drawQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}, err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			begin := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if n := x - begin; n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begin+quiet, y+quiet, n, n)
			}
		}
	}
	return QR{code.Size + 2*quiet, path.String()}, nil
}

// image is the code as a picture of its own, black on white whatever is around it.
func (q QR) image() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="1024" height="1024" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, q.Size, q.Size, q.Size, q.Size, q.Path)
}
