import wtsSession from './index.cjs';

export const { Client, SessionStatus, WtsError, completeSession, updateSessionStatus } = wtsSession;
