package shop_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// recorder stands before stripe-mock and notes what is asked of it. The mock's sessions are never paid: when paid is set,
// the one that is looked at is.
type recorder struct {
	*httptest.Server

	t     *testing.T
	paid  atomic.Bool
	mu    sync.Mutex
	forms map[string]url.Values // by method and path
}

func record(t *testing.T, target string) *recorder {
	t.Helper()
	at, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{t: t, forms: map[string]url.Values{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(at) },
		ModifyResponse: func(res *http.Response) error {
			if !r.paid.Load() || res.Request.Method != http.MethodGet || !strings.HasPrefix(res.Request.URL.Path, "/v1/checkout/sessions/") {
				return nil
			}
			body := `{"id":"cs_test_x","object":"checkout.session","payment_status":"paid","payment_intent":"pi_paid"}`
			res.Body, res.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			res.Header.Del("Content-Length")
			return nil
		},
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.forms[req.Method+" "+req.URL.Path] = form
		r.mu.Unlock()
		req.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

// form is what was last sent there.
func (r *recorder) form(to string) url.Values {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forms[to]
}
