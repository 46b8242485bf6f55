/* plusone.js: keeps the first ?ref= (and ?via=) that a visitor came with, in a cookie of this site, and writes it into the
   inputs referral_code and source of every <form data-plusone>. It asks nobody and tells nobody. */
(function (d, l) {
  "use strict";
  var q = new URLSearchParams(l.search), days = +((d.currentScript || d.body).dataset.days || 30);
  function touch(code, via) {
    return /^[\w-]{3,32}$/.test(code) && [code.toUpperCase(), /^[a-z0-9-]{1,20}$/.test(via) ? via : ""];
  }
  var m = /(?:^|; )plusone_touch=([^;.]*)\.([^;]*)/.exec(d.cookie), kept = m && touch(m[1], m[2]);
  var first = kept || touch(q.get("ref") || "", q.get("via") || "");
  if (!first) return;
  if (!kept && days > 0)
    d.cookie = "plusone_touch=" + first.join(".") + "; Path=/; SameSite=Lax; Max-Age=" + days * 86400 +
      (l.protocol === "https:" ? "; Secure" : "");
  function fill(form) {
    ["referral_code", "source"].forEach(function (name, i) {
      var field = form.querySelector("input[name=" + name + "]");
      if (field && !field.value) field.value = first[i];
    });
  }
  function all() { d.querySelectorAll("form[data-plusone]").forEach(fill); }
  if (d.readyState === "loading") d.addEventListener("DOMContentLoaded", all); else all();
  d.addEventListener("submit", function (e) { if (e.target.matches("form[data-plusone]")) fill(e.target); }, true);
})(document, location);
