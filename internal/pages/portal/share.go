package portal

import (
	"net/url"
	"strings"
)

// share is one way to hand out a link. The channel stands in the link, so that visits are told apart.
type share struct{ Name, Channel, Href string }

// withChannel is the link that says by which channel it was handed out.
func withChannel(link, channel string) string {
	mark := "?"
	if strings.Contains(link, "?") {
		mark = "&"
	}
	return link + mark + "via=" + channel
}

// shares are the ways there are, each with its text filled in. They are plain links: nothing of these sites is loaded here.
func shares(link, text, subject string) []share {
	at := func(channel string) string { return withChannel(link, channel) }
	return []share{
		{"X", "x", "https://x.com/intent/tweet?" + query("text", text, "url", at("x"))},
		{"Facebook", "facebook", "https://www.facebook.com/sharer/sharer.php?" + query("u", at("facebook"))},
		{"WhatsApp", "whatsapp", "https://wa.me/?" + query("text", text+" "+at("whatsapp"))},
		{"E-mail", "email", "mailto:?" + query("subject", subject, "body", text+"\n\n"+at("email"))},
	}
}

// query writes parameters in their order, blanks as %20: programs for mail show a plus as a plus.
func query(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pairs[i] + "=" + strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
	}
	return b.String()
}
