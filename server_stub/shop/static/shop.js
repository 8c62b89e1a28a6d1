// Measures how long a product is really seen, only on pages that say so; all pages work without this file.
(function () {
  "use strict";
  var page = document.body.dataset;

  // Phones, Windows and macOS have Chinese letters; a Linux desktop may have none, and fetches ours when it meets one.
  if (window.FontFace && /X11; Linux/.test(navigator.userAgent)) {
    document.fonts.add(new FontFace("Daogou Han", "url(/shop-static/NotoSansSC-Regular.otf)"));
  }

  function post(path, body) {
    var text = JSON.stringify(body);
    var options = { method: "POST", body: text, keepalive: true, credentials: "same-origin", headers: { "Content-Type": "application/json" } };
    if (window.fetch) {
      fetch(path, options).catch(function () { /* the next beat carries the whole time again */ });
    } else if (navigator.sendBeacon) {
      navigator.sendBeacon(path, new Blob([text], { type: "application/json" }));
    }
  }

  if (page.view) {
    var seen = 0, since = document.visibilityState === "visible" ? Date.now() : null, sent = 0;
    var total = function () { return seen + (since === null ? 0 : Date.now() - since); };
    var report = function (last) {
      var seconds = Math.floor(total() / 1000);
      var step = last ? 1 : sent < 60 ? 3 : 15; // a page left open all day must not keep asking
      if (seconds >= 3 && seconds - sent >= step && sent < 1800) {
        sent = seconds;
        post("/shop/view", { token: page.view, dwell_s: seconds });
      }
    };
    var hide = function () {
      if (since !== null) { seen += Date.now() - since; since = null; }
      report(true);
    };
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "hidden") { hide(); } else if (since === null) { since = Date.now(); }
    });
    window.addEventListener("pagehide", hide);
    window.addEventListener("pageshow", function () { if (since === null) { since = Date.now(); } });
    setInterval(function () { report(false); }, 3000);
  }

  // A changed choice asks the server for the new sums at once; the button for it stays for those without scripts.
  document.querySelectorAll("form[data-auto]").forEach(function (form) {
    form.addEventListener("change", function () { form.requestSubmit ? form.requestSubmit() : form.submit(); });
    form.querySelectorAll("[data-nojs]").forEach(function (node) { node.hidden = true; });
  });
  document.querySelectorAll("form[method=post]").forEach(function (form) {
    form.addEventListener("submit", function () {
      var button = form.querySelector("button.filled");
      if (button) { setTimeout(function () { button.disabled = true; }, 0); }
    });
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("button.filled[disabled]").forEach(function (button) { button.disabled = false; });
  });
})();
