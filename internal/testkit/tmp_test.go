package testkit
import ("testing";"time";"context";"fmt";"github.com/jackc/pgx/v5")
func TestX(t *testing.T){ 
 Database(t)
 ctx:=context.Background()
 done:=make(chan bool)
 go func(){ c,_:=pgx.Connect(ctx,kit.cluster.server.DSN("postgres")); defer close(done)
  counts:=map[string]int{}
  for end:=time.Now().Add(6*time.Second); time.Now().Before(end); time.Sleep(5*time.Millisecond) {
   rows,_:=c.Query(ctx,"select backend_type||' '||coalesce(datname,'')||' '||state||' '||coalesce(wait_event,'-')||' '||left(query,20) from pg_stat_activity where pid<>pg_backend_pid() and (state='active')")
   for rows.Next() { var s string; rows.Scan(&s); counts[s]++ }
   rows,_=c.Query(ctx,"select backend_type||' '||coalesce(wait_event,'-') from pg_stat_activity where backend_type='checkpointer'")
   for rows.Next() { var s string; rows.Scan(&s); counts[s]++ }
  }
  for k,v:=range counts { t.Log(v,k) }
 }()
  for i:=range 20 { t0:=time.Now(); if _,err:=kit.cluster.admin.Exec(ctx, fmt.Sprintf("create database z%d template migrated strategy file_copy",i)); err!=nil {t.Fatal(err)}; t.Log(time.Since(t0)) }
  <-done
}
