// Package pages is the frame of all pages that people see: the layout, the style sheet and the script, the headers that
// keep strangers' code and frames out, and the charts. It knows nothing of what a page shows: portal and console bring
// their contents and their templates. It reaches neither the store nor the stream.
package pages
