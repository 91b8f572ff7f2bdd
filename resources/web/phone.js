"use strict";
const $ = (id) => document.getElementById(id);
let socket = null, sound = null, context = null, wanted = false, held = false, sent = 0, received = 0;

$("room").value = decodeURIComponent(location.pathname.slice(1)) || "default";

function say(words) { $("status").textContent = words; }
function pushes() { return document.querySelector("input[name=mode]:checked").value === "push"; }
function hold(on) { held = on; $("talk").setAttribute("aria-pressed", on); }

async function openSound() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, channelCount: 1 } });
  context = new AudioContext({ sampleRate: 48000 });
  await context.audioWorklet.addModule("/microphone.js");
  sound = new AudioWorkletNode(context, "sound", { outputChannelCount: [1] });
  context.createMediaStreamSource(stream).connect(sound).connect(context.destination);
  sound.port.onmessage = (event) => captured(event.data);
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
    if (told.type === "refused") { wanted = false; say(`Not let in: ${told.error}.`); $("token-line").hidden = false; }
    return;
  }
  const pcm = new DataView(message.data), frame = new Float32Array(960);
  for (let i = 0; i < 960; i++) frame[i] = pcm.getInt16(2 * i, true) / 32768;
  sound.port.postMessage(frame);
  received++;
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/${encodeURIComponent($("room").value)}`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { if ($("token").value) socket.send(JSON.stringify({ type: "auth", token: $("token").value })); };
  socket.onmessage = heard;
  socket.onclose = () => {
    socket = null;
    if (wanted) { say("Connection lost; trying again."); setTimeout(() => { if (wanted) connect(); }, 1000); }
  };
}

$("form").onsubmit = async (event) => {
  event.preventDefault();
  wanted = !wanted;
  $("connect").textContent = wanted ? "Leave" : "Join";
  if (!wanted) { if (socket) socket.close(); say("Not in a room."); return; }
  try {
    if (!sound) await openSound();
    await context.resume();
    say("Joining.");
    connect();
  } catch (error) {
    wanted = false;
    $("connect").textContent = "Join";
    say(`No microphone: ${error.message}.`);
  }
};
document.querySelectorAll("input[name=mode]").forEach((each) => { each.onchange = () => { $("talk").hidden = !pushes(); }; });
$("talk").onpointerdown = () => hold(true);
$("talk").onpointerup = $("talk").onpointerleave = () => hold(false);
addEventListener("keydown", (event) => {
  if (event.code === "Space" && pushes() && event.target.type !== "text") { event.preventDefault(); hold(true); }
});
addEventListener("keyup", (event) => { if (event.code === "Space") hold(false); });
