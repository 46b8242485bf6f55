package crawler

import (
	"strings"
	"testing"
)

var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
	"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 15; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0",
	"Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20 PRO) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
	// The browsers inside other apps, in which most links are opened.
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 400.0.0.20.111 " +
		"(iPhone15,2; iOS 18_6; en_US; en; scale=3.00; 1179x2556; 770000000)",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 " +
		"[FBAN/FBIOS;FBAV/520.0.0.40.101;FBBV/755000000;FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS;FBSV/18.6;FBSS/3;FBLC/en_US;FBOP/80]",
	"Mozilla/5.0 (Linux; Android 15; Pixel 8 Build/AP4A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Twitter for iPhone/11.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22G86 [LinkedInApp]/9.31",
}

func TestPeopleAreNoCrawlers(t *testing.T) {
	t.Parallel()
	for _, agent := range browsers {
		if Agent(agent) {
			t.Errorf("a crawler: %s", agent)
		}
	}
}

func TestCrawlers(t *testing.T) {
	t.Parallel()
	for _, agent := range []string{
		"", "  \t",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
		// What shows a preview of a link that somebody shares: the most frequent of all.
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
		"WhatsApp/2.23.20.0",
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
		"TelegramBot (like TwitterBot)",
		"Twitterbot/1.0",
		"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
		"Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
		"curl/8.5.0", "Wget/1.21", "python-requests/2.31.0", "Go-http-client/2.0",
	} {
		if !Agent(agent) {
			t.Errorf("no crawler: %q", agent)
		}
	}
}

// TestLongAgents holds that nobody has a long text looked at to its end.
func TestLongAgents(t *testing.T) {
	t.Parallel()
	if Agent(browsers[0] + strings.Repeat(" ", maxAgent) + "Googlebot/2.1") {
		t.Error("what stands behind the first kilobyte was looked at")
	}
}

// TestTheListIsWhole holds that it is the one that its first line names, and that no pattern is true of everything.
func TestTheListIsWhole(t *testing.T) {
	t.Parallel()
	head, _, _ := strings.Cut(list, "\n")
	if !strings.HasPrefix(head, "# crawler-user-agents ") || !strings.HasSuffix(head, ", MIT") || !strings.Contains(list, "# Permission is hereby granted") {
		t.Errorf("the list does not say where it comes from, and under which license: %q", head)
	}
	all := known()
	if len(all.words) < 1000 || len(all.regexps) < 20 {
		t.Errorf("%d words and %d patterns", len(all.words), len(all.regexps))
	}
	for _, word := range all.words {
		if len(word) < 3 {
			t.Errorf("%q is too short", word)
		}
	}
	for _, re := range all.regexps {
		if re.MatchString("Mozilla/5.0 ()") {
			t.Errorf("%s is true of every browser", re)
		}
	}
}

func BenchmarkAgent(b *testing.B) {
	Agent(browsers[0])
	for b.Loop() {
		if Agent(browsers[0]) {
			b.Fatal("a crawler")
		}
	}
}
