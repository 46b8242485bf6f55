// Package ops is what every role needs to be operated: logs, a metrics registry, health, HTTP servers with limits, and a
// shutdown in order. It knows nothing of referrals, and never imports a sibling.
package ops
