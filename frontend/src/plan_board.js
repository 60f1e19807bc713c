// The board of a plan: a card is dragged to another person and the server solves the rest again. Whom the rules forbid
// is dimmed with the reason while the card is in the air. The button «Заменить» on each card does the same without it.

export function enhancePlanBoard() {
  const form = document.getElementById("plan-move");
  if (!form) return;
  const lanes = [...document.querySelectorAll("[data-board] .lane")];
  let seat = null;
  let against = {};

  const start = async (event) => {
    seat = event.currentTarget;
    against = {};
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", seat.dataset.seat);
    seat.classList.add("dragging");
    const asked = seat;
    try {
      const answer = await fetch(asked.dataset.who, { headers: { Accept: "application/json" } });
      if (!answer.ok || seat !== asked) return;
      against = (await answer.json()).against;
      for (const lane of lanes) tell(lane, against[lane.dataset.person]);
    } catch {
      // Without the reasons the drop itself is refused with one.
    }
  };
  const end = () => {
    seat?.classList.remove("dragging");
    seat = null;
    for (const lane of lanes) {
      lane.classList.remove("target");
      tell(lane, "");
    }
  };

  for (const card of document.querySelectorAll("[data-seat]")) {
    card.addEventListener("dragstart", start);
    card.addEventListener("dragend", end);
  }
  for (const lane of lanes) {
    const isOpen = () => seat && !lane.contains(seat) && !against[lane.dataset.person];
    lane.addEventListener("dragover", (event) => {
      if (!isOpen()) return;
      event.preventDefault();
      lane.classList.add("target");
    });
    lane.addEventListener("dragleave", (event) => {
      if (!lane.contains(event.relatedTarget)) lane.classList.remove("target");
    });
    lane.addEventListener("drop", (event) => {
      if (!isOpen()) return;
      event.preventDefault();
      form.action = seat.dataset.move;
      form.elements.person_id.value = lane.dataset.person;
      form.requestSubmit();
    });
  }
}

function tell(lane, reason) {
  const why = lane.querySelector(".lane-why");
  lane.classList.toggle("blocked", Boolean(reason));
  why.textContent = reason || "";
  why.hidden = !reason;
}
