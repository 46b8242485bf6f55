package store

import (
	"runtime"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/program"
)

// manyHistories are 100,000 referrals of 1,001 referrers, of whom one has 10,000; each referee with a payment, every tenth with
// ten, and one with 100,000 of them.
//
//nolint:dupword // it is SQL
const manyHistories = `
insert into users (id, external_id, registered_at, sign_up_event) select n, 'referrer-' || n, '2026-03-01', 'x' from generate_series(1, 1001) n;
insert into codes (id, code, owner_id, program_id) select n, 'S' || n, n, 1 from generate_series(1, 1001) n;
insert into users (id, external_id, registered_at, sign_up_event, sign_up_code, program_id, email_key, device_key, ip_key)
select 10000 + n, 'referee-' || n, '2026-03-01', 'x', case when n <= 10000 then 1001 else 1 + n % 1000 end, 1, int8send(n), int8send(n / 2), int8send(n / 3)
from generate_series(1, 100000) n;
insert into sign_ups select id, sign_up_code, registered_at, 'x', false from users where id > 10000;
insert into referrals (id, program_id, code_id, referrer_id, referee_id, registered_at, window_ends, status, slot, transitions, changed_at)
select id - 10000, 1, sign_up_code, sign_up_code, id, registered_at, '2026-06-01', 'rewarded',
       row_number() over (partition by sign_up_code order by id), 1, now()
from users where id > 10000;
insert into payments (key, user_id, named, currency, gross, paid_at)
select 'cs_' || n || '_' || k, 10000 + n, true, 'usd', 100 * (n % 40), '2026-03-02'::timestamptz + k * interval '1 minute'
from generate_series(1, 100000) n, generate_series(1, case when n % 10 = 0 then 10 else 1 end) k
where n % 40 > 0;
insert into payments (key, user_id, named, currency, gross, paid_at)
select 'ch_' || k, 10007, true, 'usd', 900, '2026-03-02'::timestamptz + k * interval '1 second' from generate_series(1, 100000) k;
analyze`

// BenchmarkPreview says what a preview of so many takes for each referral, and how much memory it has at most.
func BenchmarkPreview(b *testing.B) {
	for name, file := range map[string]string{
		"another minimum": strings.Replace(string(program.Default()), `usd: "10.00"`, `usd: "20.00"`, 1),
		"signals":         strings.Replace(string(program.Default()), "fraud: {}", "fraud: {same_card: review, same_ip: flag, same_device: review, same_email: flag, signups_per_ip: {max: 5, per: 1m, then: review}}", 1),
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, "")
			if _, err := w.pool.Exec(w.ctx, manyHistories); err != nil {
				b.Fatal(err)
			}
			terms, err := program.Parse("test", []byte(file))
			if err != nil {
				b.Fatal(err)
			}
			var most uint64
			for b.Loop() {
				p, err := w.tools.Preview(w.ctx, terms, PreviewOptions{Workers: 4, Page: 1024, Progress: func(int64, int64) {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapInuse)
				}})
				if err != nil || p.Referrals != 100_000 || p.PresentCost["usd"] == 0 {
					b.Fatalf("%v: %+v", err, p)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100_000, "µs/referral")
			b.ReportMetric(float64(most)/(1<<20), "MiB")
		})
	}
}
