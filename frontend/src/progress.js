// A long job tells how far it is; when it is done the page shows its result.

const EVERY = 1500;

export function watchProgress() {
  for (const box of document.querySelectorAll(".progress[data-progress-url]")) follow(box, 0);
}

function follow(box, failures) {
  setTimeout(async () => {
    try {
      const answer = await fetch(box.dataset.progressUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { share, text, left, done } = await answer.json();
      if (done) {
        // A page on which files have just been chosen waits: a reload would forget the choice.
        if ([...document.querySelectorAll("input[type='file']")].some((field) => field.files.length)) follow(box, 0);
        else window.location.reload();
        return;
      }
      const bar = box.querySelector("progress");
      if (typeof share === "number") bar.value = share;
      else bar.removeAttribute("value");
      box.querySelector("[data-progress-text]").textContent = text ?? "";
      box.querySelector("[data-progress-left]").textContent = left ?? "";
      follow(box, 0);
    } catch {
      if (failures < 20) follow(box, failures + 1); // the server may be restarting
    }
  }, EVERY * Math.min(8, 1 + failures));
}
