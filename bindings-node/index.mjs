import wtsSession from './index.cjs';

export const { BulkError, Client, SessionStatus, WtsError, completeSession, updateSessionStatus } = wtsSession;
