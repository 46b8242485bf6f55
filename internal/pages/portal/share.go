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
		{"X", "x", "https://x.com/intent/tweet?" + query(pair{"text", text}, pair{"url", at("x")})},
		{"Facebook", "facebook", "https://www.facebook.com/sharer/sharer.php?" + query(pair{"u", at("facebook")})},
		{"WhatsApp", "whatsapp", "https://wa.me/?" + query(pair{"text", text + " " + at("whatsapp")})},
		{"E-mail", "email", "mailto:?" + query(pair{"subject", subject}, pair{"body", text + "\n\n" + at("email")})},
	}
}

type pair struct{ name, value string }

// query writes parameters in their order, blanks as %20: programs for mail show a plus as a plus.
func query(pairs ...pair) string {
	all := make([]string, 0, len(pairs))
	for _, p := range pairs {
		all = append(all, p.name+"="+strings.ReplaceAll(url.QueryEscape(p.value), "+", "%20"))
	}
	return strings.Join(all, "&")
}
