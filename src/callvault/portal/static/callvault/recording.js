// The page of one recording: reads what the server said and joins waveform, sound and controls.
import { startNotes } from "./notes.js";
import { startPlayer } from "./player/player.js";

const said = document.getElementById("cv-player");
if (said) startPlayer(JSON.parse(said.textContent), document.querySelector("[data-cv-player]"));
startNotes();
