"use strict";
const $ = (id) => document.getElementById(id);
let socket = null, microphone = null, sound = null, context = null, wanted = false, held = false, sent = 0, received = 0;

$("room").value = decodeURIComponent(location.pathname.slice(1)) || "default";

function say(words) { $("status").textContent = words; }
function pushes() { return document.querySelector("input[name=mode]:checked").value === "push"; }
function hold(on) { held = on; $("talk").setAttribute("aria-pressed", on); }

async function openSound() {
  microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, channelCount: 1 } });
  context = new AudioContext({ sampleRate: 48000 });
  await context.audioWorklet.addModule("/microphone.js");
  sound = new AudioWorkletNode(context, "sound", { outputChannelCount: [1] });
  context.createMediaStreamSource(microphone).connect(sound).connect(context.destination);
  sound.port.onmessage = (event) => captured(event.data);
}

function closeSound() {
  if (microphone) microphone.getTracks().forEach((track) => track.stop());
  if (context) context.close();
  microphone = context = sound = null;
  $("level").value = 0;
}

function captured(frame) {
  const open = !pushes() || held;
  let peak = 0;
  const pcm = new DataView(new ArrayBuffer(1920));
  for (let i = 0; i < 960; i++) {
    const sample = open ? Math.max(-1, Math.min(1, frame[i])) : 0;
    peak = Math.max(peak, Math.abs(sample));
    pcm.setInt16(2 * i, Math.round(sample * 32767), true);
  }
  $("level").value = peak;
  if (socket && socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 32 * 1920) {
    socket.send(pcm.buffer);
    sent++;
  }
  $("counts").value = `${sent} frames sent, ${received} received`;
}

function heard(message) {
  if (typeof message.data === "string") {
    const told = JSON.parse(message.data);
    if (told.type === "joined") say(`In the room ${$("room").value}.`);
    if (told.type === "refused") refused(told.error);
    return;
  }
  const pcm = new DataView(message.data), frame = new Float32Array(960);
  for (let i = 0; i < 960; i++) frame[i] = pcm.getInt16(2 * i, true) / 32768;
  if (sound) sound.port.postMessage(frame);
  received++;
}

const REFUSALS = {
  token_refused: "This room is for people with a token. Enter yours and join.",
  token_unchecked: "The token could not be checked just now. Please join again in a minute.",
  not_admitted: "This room is for others.",
  relay_key_changed: "The relay shows another key than it should. Tell whoever runs this page before you say anything.",
  limit: "The relay or the room is full. Please try again later.",
};

function refused(code) {
  if (!(code in REFUSALS)) return; // the relay does not answer; it may yet
  stop(REFUSALS[code]);
  if (code === "token_refused") { $("token-line").hidden = false; $("token").focus(); }
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = socket = new WebSocket(`${scheme}://${location.host}/ws/${encodeURIComponent($("room").value)}`);
  mine.binaryType = "arraybuffer";
  mine.onopen = () => mine.send(JSON.stringify({ type: "auth", token: $("token").value }));
  mine.onmessage = heard;
  mine.onclose = () => {
    if (socket !== mine) return;
    say("The relay cannot be reached just now; trying again.");
    setTimeout(() => { if (socket === mine) connect(); }, 1000);
  };
}

function stop(why) {
  wanted = false;
  $("connect").textContent = "Join";
  if (socket) socket.close();
  socket = null;
  closeSound();
  say(why);
}

$("form").onsubmit = async (event) => {
  event.preventDefault();
  if (wanted) { stop("Not in a room."); return; }
  wanted = true;
  $("connect").textContent = "Leave";
  say("Joining.");
  try {
    await openSound();
    if (wanted) connect(); else closeSound();
  } catch (error) {
    stop(`No microphone (${error.message}). Allow it in the browser, or open this page over https.`);
  }
};
document.querySelectorAll("input[name=mode]").forEach((each) => { each.onchange = () => { $("talk").hidden = !pushes(); }; });
$("talk").onpointerdown = () => hold(true);
$("talk").onpointerup = $("talk").onpointerleave = () => hold(false);
addEventListener("keydown", (event) => {
  if (event.code === "Space" && pushes() && event.target.type !== "text") { event.preventDefault(); hold(true); }
});
addEventListener("keyup", (event) => { if (event.code === "Space") hold(false); });
