// The server draws; this puts what it has drawn in place of what was there.
"use strict";
const main = document.querySelector("main");
const gone = document.getElementById("gone");
const source = new EventSource("events");
source.addEventListener("open", () => { gone.hidden = true; });
source.addEventListener("error", () => { gone.hidden = false; });
source.addEventListener("state", (e) => {
  main.innerHTML = e.data;
  document.title = main.querySelector("h1").textContent;
});
// The run is over, and this page is its report.
source.addEventListener("end", () => {
  source.close();
  location.reload();
});
