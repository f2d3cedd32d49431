/* A formula or table wider than the page scrolls in its own box; let the keyboard reach that box. */
"use strict";

function reachScrollingBoxes() {
  for (const box of document.querySelectorAll("mjx-container[display], .pst-scrollable-table-container")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  reachScrollingBoxes();
  addEventListener("resize", reachScrollingBoxes);
});
