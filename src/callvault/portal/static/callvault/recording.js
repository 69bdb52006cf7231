// The page of one recording: reads what the server said and joins waveform, sound and controls.
import { startNeighbours } from "./neighbours.js";
import { startNotes } from "./notes.js";
import { startPlayer } from "./player/player.js";

const said = document.getElementById("cv-player");
if (said) startPlayer(JSON.parse(said.textContent), document.querySelector("[data-cv-player]"));
startNeighbours();
startNotes();

// A download leaves the page as it is: the menu that offered it is done with.
document.querySelector("[data-cv-copies]")?.addEventListener("click", (event) => {
  if (event.target.closest("a")) event.currentTarget.closest("details").open = false;
});
