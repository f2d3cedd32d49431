/* A formula or table wider than the page scrolls in its own box; let the keyboard reach that box. */
"use strict";

function reachScrollingBoxes() {
  const boxes = [...document.querySelectorAll("mjx-container[display], .pst-scrollable-table-container")];
  const scrolls = boxes.map((box) => box.scrollWidth > box.clientWidth); // all measured before any is changed
  boxes.forEach((box, at) => {
    if (scrolls[at]) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
}

(async () => {
  await window.MathJax?.startup?.promise;
  reachScrollingBoxes();
  addEventListener("resize", reachScrollingBoxes);
})();
